#pragma once

#include <string_view>

namespace bao::server {

/// The style sheet of the error page. Colours of text have a contrast of at least 4.5:1 (WCAG 2,
/// AA) to all grounds that they stand on, in both schemes.
inline constexpr std::string_view kErrorPageStyle = R"css(
:root {
  color-scheme: light dark;
  --ground: #faf8f5; --card: #ffffff; --ink: #2a2521; --quiet: #6e655d; --line: #e6dfd7;
  --accent: #a83a26; --hot: #fbeae4; --hot-edge: #c9513a; --button: #f3eee8;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #191716; --card: #211f1d; --ink: #ebe5de; --quiet: #a59b91; --line: #38332f;
    --accent: #f39a84; --hot: #3a241e; --hot-edge: #e0745a; --button: #2c2926;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 var(--sans); -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
}
main { max-width: 60rem; margin: 0 auto; padding: 3.5rem 1.5rem 4rem; }
h1, h2, p, ol, ul, dl, dd, pre { margin: 0; padding: 0; }
ol { list-style: none; }
pre, code, .function, .place, .type { font-family: var(--mono); font-variant-ligatures: none; }
.top { display: flex; align-items: center; gap: .75rem; color: var(--quiet); font-size: .875rem; }
.top svg { flex: none; width: 1.75rem; height: 1.75rem; color: var(--accent); }
button {
  margin-left: auto; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--button); color: var(--ink); font: inherit; cursor: pointer; white-space: nowrap;
}
button:hover { border-color: var(--quiet); }
:focus-visible { outline: 2px solid var(--hot-edge); outline-offset: 2px; border-radius: .25rem; }
.type { margin-top: 2rem; color: var(--accent); font-size: .9375rem; overflow-wrap: anywhere; }
h1 {
  margin-top: .35rem; font-size: 1.625rem; line-height: 1.35; font-weight: 600;
  letter-spacing: -.01em; white-space: pre-wrap; overflow-wrap: anywhere; text-wrap: pretty;
}
.top + h1 { margin-top: 2rem; }
h1.long { font-size: 1.0625rem; line-height: 1.5; font-weight: 500; letter-spacing: 0; }
.request { margin-top: .9rem; color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
h2 { margin: 2.75rem 0 .75rem; font-size: .8125rem; font-weight: 600; color: var(--quiet); }
.prose { max-width: 42rem; margin-top: 1rem; }
.prose + ul { max-width: 42rem; margin: .6rem 0 0 1.1rem; }
.prose + ul li { margin-top: .3rem; }
.quiet { color: var(--quiet); }
.frame {
  margin-bottom: .625rem; border: 1px solid var(--line); border-radius: .625rem;
  background: var(--card); overflow: hidden;
}
.head { padding: .7rem 1rem; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before {
  content: ""; float: left; width: .4rem; height: .4rem; margin: .45rem .75rem 0 .1rem;
  border: solid var(--quiet); border-width: 0 1.5px 1.5px 0; transform: rotate(-45deg);
}
details[open] > summary::before { transform: rotate(45deg); margin-top: .35rem; }
.function, .place { display: block; font-size: .8125rem; overflow-wrap: anywhere; }
.function { font-weight: 600; font-size: .875rem; }
summary.head > span { margin-left: 1.35rem; }
.place { margin-top: .1rem; color: var(--quiet); }
.place b { font-weight: 500; color: var(--ink); }
.source { border-top: 1px solid var(--line); overflow-x: auto; font-size: .8125rem; line-height: 1.7; }
.source code { display: block; width: max-content; min-width: 100%; padding: .5rem 0; tab-size: 4; }
.row { display: block; padding-right: 1rem; border-left: 3px solid transparent; white-space: pre; }
.row i {
  display: inline-block; width: 4.25rem; padding-right: 1.1rem; text-align: right;
  font-style: normal; color: var(--quiet); user-select: none; -webkit-user-select: none;
}
.row.hot { background: var(--hot); border-left-color: var(--hot-edge); }
.row.hot i { color: var(--accent); font-weight: 600; }
.folded { margin: .25rem 0 .875rem; padding: 0 1rem; font-size: .875rem; }
.folded summary { color: var(--quiet); }
.folded ol { margin: .5rem 0 .25rem .3rem; padding-left: 1.05rem; border-left: 1px solid var(--line); }
.folded li { padding: .3rem 0; }
.folded .function { font-weight: 400; font-size: .8125rem; }
.cause { margin-bottom: 1.5rem; }
.cause .type { margin-top: 0; }
.cause .message { margin-bottom: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.fields { border: 1px solid var(--line); border-radius: .625rem; background: var(--card); }
.fields div { display: grid; grid-template-columns: 13rem 1fr; gap: 1rem; padding: .5rem 1rem; }
.fields div + div { border-top: 1px solid var(--line); }
.fields dt, .fields dd { font: .8125rem/1.6 var(--mono); overflow-wrap: anywhere; }
.fields dt { color: var(--quiet); }
.fields .masked { font-family: var(--sans); font-style: italic; color: var(--quiet); }
footer { margin-top: 3rem; color: var(--quiet); font-size: .8125rem; }
textarea { position: absolute; left: -100vw; }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem 2.5rem; }
  .type { margin-top: 1.5rem; }
  h1 { font-size: 1.3125rem; }
  .head, .fields div { padding-left: .8rem; padding-right: .8rem; }
  .folded { padding: 0 .8rem; }
  .fields div { grid-template-columns: 1fr; gap: .1rem; }
  .row i { width: 3.25rem; padding-right: .8rem; }
}
)css";

/// Shows the copy button, which needs scripts, and copies the text form of the page. Without a
/// secure context there is no navigator.clipboard, but the older command still works.
inline constexpr std::string_view kErrorPageScript = R"js(
const button = document.getElementById('copy');
const text = document.getElementById('text');
const say = (words) => {
  button.textContent = words;
  setTimeout(() => { button.textContent = 'Copy as text'; }, 1500);
};
button.hidden = false;
button.onclick = () => {
  const old = () => {
    text.hidden = false;
    text.select();
    say(document.execCommand('copy') ? 'Copied' : 'Could not copy');
    text.hidden = true;
    button.focus();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text.value).then(() => say('Copied'), old);
  else old();
};
)js";

/// A steamed bun, in the colour of the text around it.
inline constexpr std::string_view kErrorPageMark =
    R"svg(<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="1.8" )svg"
    R"svg(stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">)svg"
    R"svg(<path d="M3.5 21.5C3.5 14 9 8.5 16 8.5s12.500 5.500 12.500 13c0 3-3 4.500-12.500 4.500)svg"
    R"svg(s-12.500-1.500-12.500-4.500z"/><path d="M16 8.500c-.5 2.500-2 4.500-4.200 5.800M16 8.500)svg"
    R"svg(c.5 2.500 2 4.500 4.200 5.800M16 8.500v5"/></svg>)svg";

}  // namespace bao::server
