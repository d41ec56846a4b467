// A JSON API over a list that lives in memory.
//
//     curl http://localhost:3000/notes --json '{"text": "buy flour"}'
//     curl http://localhost:3000/notes
//     curl -X PUT http://localhost:3000/notes/1 --json '{"text": "buy yeast", "done": true}'
//     curl -X DELETE http://localhost:3000/notes/1

#include <charconv>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include <bao/bao.h>
#include <bao/json.h>

struct Note {
  int id = 0;
  std::string text;
  bool done = false;
};
// From now on Response::json and Request::json know notes. Members that a client leaves out keep
// their defaults.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Note, id, text, done)

// What a handler throws when it is the client's fault; `.error` below makes a reply of it.
class ApiError : public std::runtime_error {
 public:
  ApiError(int status, const std::string& what) : std::runtime_error(what), status(status) {}
  const int status;
};

class Notes {
 public:
  // One thread runs all handlers of a server, so the map needs no lock.
  bao::Response list() const {
    bao::json all = bao::json::array();
    for (const auto& [id, note] : notes_) all.push_back(note);
    return bao::Response::json(all);
  }

  bao::Response get(bao::Request& req) { return bao::Response::json(find(req)); }

  // The body may still be on its way, so this is a coroutine: the server goes on with other
  // requests meanwhile.
  bao::Task<bao::Response> add(bao::Request& req) {
    Note note = checked(co_await req.json<Note>());
    note.id = next_id_++;
    notes_[note.id] = note;
    co_return bao::Response::json(note).status(201).set("Location",
                                                        "/notes/" + std::to_string(note.id));
  }

  bao::Task<bao::Response> replace(bao::Request& req) {
    Note note = checked(co_await req.json<Note>());
    // Looked up behind the await: another request may have removed the note in between.
    Note& old = find(req);
    note.id = old.id;
    old = note;
    co_return bao::Response::json(note);
  }

  bao::Response remove(bao::Request& req) {
    notes_.erase(find(req).id);
    return bao::Response::empty(204);
  }

 private:
  static Note checked(Note note) {
    if (note.text.empty()) throw ApiError(422, "a note needs a text");
    return note;
  }

  Note& find(const bao::Request& req) {
    std::string text = req.param("id");
    int id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    auto place = notes_.find(id);
    if (error != std::errc() || end != text.data() + text.size() || place == notes_.end()) {
      throw ApiError(404, "there is no note " + text);
    }
    return place->second;
  }

  std::map<int, Note> notes_;
  int next_id_ = 1;
};

bao::Response refuse(int status, const std::string& why) {
  return bao::Response::json(bao::json{{"error", why}}).status(status);
}

int main(int argc, char** argv) {
  Notes notes;
  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              {"/notes", bao::methods{
                             .get = [&] { return notes.list(); },
                             .post = [&](bao::Request& req) { return notes.add(req); },
                         }},
              {"/notes/:id", bao::methods{
                                 .get = [&](bao::Request& req) { return notes.get(req); },
                                 .put = [&](bao::Request& req) { return notes.replace(req); },
                                 .del = [&](bao::Request& req) { return notes.remove(req); },
                             }},
          },
      .error = [](const std::exception& error) -> std::optional<bao::Response> {
        if (auto* api = dynamic_cast<const ApiError*>(&error))
          return refuse(api->status, api->what());
        if (dynamic_cast<const bao::json::exception*>(&error)) return refuse(400, error.what());
        // Nothing: the server answers with its own page, or a plain 500 in production.
        return std::nullopt;
      },
      .max_request_body_size = 64 * 1024,
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}
