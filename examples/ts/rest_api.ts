// A small REST service over a store in memory: validation, status codes, Location, queries.
interface Book {
  id: number;
  title: string;
  year: number;
}

class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

class Shelf {
  readonly #books = new Map<number, Book>();
  #last = 0;

  add(title: string, year: number): Book {
    const book = { id: ++this.#last, title, year };
    this.#books.set(book.id, book);
    return book;
  }

  get(id: string): Book {
    const book = this.#books.get(Number(id));
    if (!book) throw new Refusal(`There is no book ${id}`, 404);
    return book;
  }

  remove(id: string): void {
    this.#books.delete(this.get(id).id);
  }

  before(year: number): Book[] {
    return [...this.#books.values()].filter((book) => book.year < year);
  }
}

async function bookOf(req: Request): Promise<Pick<Book, "title" | "year">> {
  const given = (await req.json().catch(() => null)) as Partial<Book> | null;
  if (typeof given?.title !== "string" || !Number.isInteger(given.year)) {
    throw new Refusal("A book needs a title and a year, as JSON", 422);
  }
  return { title: given.title, year: given.year as number };
}

const shelf = new Shelf();
shelf.add("The Mythical Man-Month", 1975);
shelf.add("Hypertext Transfer Protocol", 1999);

const server = Bun.serve({
  routes: {
    "/books": {
      GET: (req) => {
        const before = new URL(req.url).searchParams.get("before");
        return Response.json(shelf.before(before ? Number(before) : Infinity));
      },
      POST: async (req) => {
        const { title, year } = await bookOf(req);
        const book = shelf.add(title, year);
        return Response.json(book, { status: 201, headers: { Location: `/books/${book.id}` } });
      },
    },
    "/books/:id": {
      GET: (req) => Response.json(shelf.get(req.params.id)),
      DELETE: (req) => {
        shelf.remove(req.params.id);
        return new Response(null, { status: 204 });
      },
    },
  },

  error(error) {
    const status = error instanceof Refusal ? error.status : 500;
    return Response.json({ error: error.message }, { status });
  },
});

console.log(`listening on ${server.url}`);
