// The page that checks a batch in the reader's browser. Every word it shows stands in the page already.

import { verifyBundle } from "./bundle.js";
import { Failure } from "./failure.js";
import { compareHeads, recallHead, rememberHead } from "./heads.js";
import { parsePolicy } from "./policy.js";

const MOST_SHOWN = 10;

const check = document.getElementById("check");
if (check) open();

function open() {
  const find = (name) => check.querySelector(`#${name}`);
  const words = new Map(Array.from(find("words").content.children, (each) => [each.dataset.word, each.textContent]));
  const language = document.documentElement.lang;
  const trust = find("policy");
  let bundle = null;

  const say = (word, parts = {}) => (words.get(word) ?? word).replace(/\{(\w+)\}/g, (_, name) => parts[name] ?? "");
  const count = (number) => Number(number).toLocaleString(language);
  const list = (items) => new Intl.ListFormat(language).format(items);
  const moment = (seconds) =>
    new Date(Number(seconds) * 1000).toLocaleString(language, { timeZone: "Asia/Shanghai", hour12: false });

  function sentence({ code, parts }) {
    const { what } = parts;
    return say(words.has(code) ? code : "verification_failed", { ...parts, what: what instanceof Failure ? sentence(what) : (what ?? code) });
  }

  // A sentence that does not itself say which entry it is about gets that in front.
  function place({ where, failure }) {
    const [kind, id = ""] = where.split(" ");
    const number = /^#?\d{1,15}$/.test(id) && !("index" in failure.parts) && Number(id.replace("#", ""));
    if (number === false) return sentence(failure);
    const isPlain = kind === "entry" && !id.startsWith("#");
    return say(isPlain ? "at-entry" : "at-item", { n: isPlain ? number : number + 1, sentence: sentence(failure) });
  }

  function mark(element, state, icon) {
    element.classList.remove("ok", "mind", "stop");
    if (state) element.classList.add(state);
    element.querySelector("use").setAttribute("href", `#i-${icon}`);
  }

  function tell(step, state, icon, lines) {
    const item = check.querySelector(`[data-step="${step}"]`);
    mark(item, state, icon);
    item.querySelector(".said").replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })),
    );
  }

  function conclude(state, icon, word, text) {
    const outcome = find("outcome");
    mark(outcome, state, icon);
    outcome.querySelector("b").textContent = say(word);
    outcome.querySelector("p").textContent = text;
    check.dataset.outcome = word;
    check.setAttribute("aria-busy", "false");
  }

  function begin() {
    for (const item of check.querySelectorAll("[data-step]")) {
      item.hidden = false;
      tell(item.dataset.step, "", "clock", [say("waiting")]);
    }
    find("states").hidden = find("fork").hidden = true;
    find("outcome").hidden = find("steps").hidden = false;
    conclude("", "clock", "running", "");
    check.setAttribute("aria-busy", "true");
  }

  // Beside something false nothing may look reassuring: only what failed is left.
  function fail(text) {
    for (const item of check.querySelectorAll("[data-step]:not(.stop)")) item.hidden = true;
    find("states").hidden = true;
    conclude("stop", "stop", "bad", text);
  }

  // One check at a time: a second one waits for the first.
  let turn = Promise.resolve();
  const run = () => {
    turn = turn.then(checkOnce).catch(reportError);
  };

  async function checkOnce() {
    begin();
    try {
      await checkAll(await bundle());
    } catch (failure) {
      find("steps").hidden = find("states").hidden = true;
      conclude("stop", "stop", "unusable", failure instanceof Failure ? sentence(failure) : say("web.unexpected"));
      if (!(failure instanceof Failure)) throw failure;
    }
  }

  async function checkAll(octets) {
    const started = performance.now();
    const policy = trust.value.trim() ? await parsePolicy(trust.value) : null;
    const report = await verifyBundle(octets, policy, async (step, problems, report) => {
      if (problems.length) {
        const more = problems.length > MOST_SHOWN ? [say("more", { n: count(problems.length - MOST_SHOWN) })] : [];
        tell(step, "stop", "stop", [...problems.slice(0, MOST_SHOWN).map(place), ...more]);
      } else if (report.problems.length) {
        tell(step, "", "dash", []);
      } else if (step === "checkpoint" && !policy) {
        tell(step, "mind", "mind", [say("said-no-policy")]);
      } else {
        tell(step, "ok", "tick", said(step, report));
      }
      await new Promise((resolve) => setTimeout(resolve)); // so that the reader sees the steps come in
    });
    const seconds = ((performance.now() - started) / 1000).toLocaleString(language, { maximumFractionDigits: 2 });
    if (report.problems.length) return fail(say("bad-why"));
    if (!policy) {
      tell("heads", "", "dash", [say("said-not-compared")]);
    } else if (!(await compared(report.head))) {
      return fail(say("fork-why"));
    }
    show(report);
    if (policy) conclude("ok", "tick", "good", say("good-why", { n: count(report.entries), seconds }));
    else conclude("mind", "mind", "alone", say("alone-why"));
  }

  function said(step, report) {
    const numbers = Object.fromEntries(
      ["entries", "statements", "withheld", "size", "keys", "chains"].map((name) => [name, count(report[name] ?? 0)]),
    );
    const parts = { ...numbers, signed: count(report.statements), authors: count(report.authors.size) };
    const own = step === "checkpoint" && trust.value !== trust.defaultValue ? "-own" : "";
    const more = step === "contents" && report.withheld ? [say("said-withheld", parts)] : [];
    return [say(`said-${step}${own}`, parts), ...more];
  }

  // Compares the log's head with the one this browser saw last; false says that they contradict each other.
  async function compared(head) {
    const seen = recallHead(head.origin);
    const parts = seen && { old: count(seen.size), size: count(head.size) };
    try {
      if (seen) await compareHeads(seen, head, fetchTile);
      const isKept = seen && seen.size >= head.size ? true : rememberHead(head);
      if (!isKept) tell("heads", "", "dash", [say("said-cannot-keep")]);
      else tell("heads", "ok", "tick", [seen ? say("said-heads", parts) : say("said-first", { size: count(head.size) })]);
    } catch (failure) {
      if (failure.code === "web.not_compared") {
        tell("heads", "mind", "mind", [say("said-not-compared")]);
        return true;
      }
      if (!(failure instanceof Failure)) throw failure;
      tell("heads", "stop", "stop", [sentence(failure)]);
      find("seen").textContent = seen.note;
      find("now").textContent = head.note;
      find("fork").hidden = false;
      return false;
    }
    return true;
  }

  function show({ statements, authors, origin, size, trusted, witnessed }) {
    const fill = (state, lines) => {
      check.querySelector(`[data-state="${state}"]`).textContent = lines;
    };
    fill("signed", say("is-signed", { n: count(statements), authors: list(authors.values()) }));
    fill("logged", say(trusted ? "is-logged" : "is-logged-somewhere", { origin, size: count(size) }));
    const witnesses = Array.from(witnessed, ([name, time]) => say("is-witnessed", { name, time: moment(time) }));
    fill("witnessed", witnesses.length ? list(witnesses) : say(trusted ? "is-not-witnessed" : "is-witnessed-unknown"));
    find("states").hidden = false;
  }

  async function fetched(address, options) {
    try {
      const answer = await fetch(address, options);
      return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
    } catch {
      return null;
    }
  }

  const fetchTile = async (path) => (check.dataset.log ? fetched(`${check.dataset.log}/${path}`) : null);

  async function fetchBundle() {
    const octets = await fetched(check.dataset.bundle, { cache: "no-cache" });
    if (!octets) throw new Failure("web.not_fetched");
    return octets;
  }

  find("trust").addEventListener("submit", (event) => {
    event.preventDefault();
    if (bundle) run();
  });
  find("policy-file").addEventListener("change", async ({ target }) => {
    trust.value = await target.files[0].text();
    if (bundle) run();
  });
  find("bundle-file")?.addEventListener("change", ({ target }) => {
    const [file] = target.files;
    bundle = async () => new Uint8Array(await file.arrayBuffer());
    run();
  });
  find("copy").addEventListener("click", async ({ target }) => {
    await navigator.clipboard.writeText(`${find("seen").textContent}\n${find("now").textContent}`);
    target.textContent = say("copied");
  });
  check.hidden = false;
  if (check.dataset.bundle) {
    bundle = fetchBundle;
    run();
  }
}
