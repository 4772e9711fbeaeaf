/** Brings the page up to date every ten seconds: sections that differ are replaced; what is open and what has the focus stays. */
const EVERY_MS = 10_000;
/** A page waits for each part of its facts, and no longer than this for all. */
const GIVE_UP_MS = 20_000;
const parser = new DOMParser();
const updated = document.querySelector("#updated");

/** Sections as the server sent them last, by id. */
const sent = new Map();
const sections = (of) => [...of.querySelectorAll("main section")];
for (const one of sections(document)) sent.set(one.id, one.outerHTML);

/** The element of a fresh section that stands for the one with the focus. */
function counterpart(focused, fresh) {
  const href = focused.getAttribute("href");
  const link = href && [...fresh.querySelectorAll("a")].find((one) => one.getAttribute("href") === href);
  return link || document.getElementById(focused.closest("[id]").id);
}

function replace(old, fresh) {
  const open = new Map([...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  const focused = old.contains(document.activeElement) ? document.activeElement : undefined;
  old.replaceWith(fresh);
  for (const one of fresh.querySelectorAll("details[id]")) one.open = open.get(one.id) ?? one.open;
  if (focused !== undefined) counterpart(focused, fresh)?.focus({ preventScroll: true });
}

async function update() {
  // A form that changes something, and the reason why a change was refused, stay as they were shown.
  if (document.hidden || String(getSelection()) !== "") return;
  if (document.querySelector("form[method=post], #problem")) return;
  try {
    const answer = await fetch(location.href, {
      headers: { accept: "text/html" },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    if (!answer.ok) throw new Error(answer.status);
    const next = parser.parseFromString(await answer.text(), "text/html");
    const fresh = sections(next);
    const same =
      fresh.map(({ id }) => id).join() ===
      sections(document)
        .map(({ id }) => id)
        .join();
    if (same)
      for (const one of fresh) {
        const text = one.outerHTML;
        if (sent.get(one.id) !== text) replace(document.getElementById(one.id), one);
        sent.set(one.id, text);
      }
    else {
      document.querySelector("main").replaceWith(next.querySelector("main"));
      sent.clear();
      for (const one of sections(document)) sent.set(one.id, one.outerHTML);
    }
    updated.replaceChildren(...next.querySelector("#updated").childNodes);
    updated.classList.remove("bad");
  } catch {
    // What it showed stays, with its time.
    const time = updated.querySelector("time");
    updated.replaceChildren(`${updated.dataset.stale} `, ...(time === null ? [] : [time]));
    updated.classList.add("bad");
  }
}

async function follow() {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY_MS));
    await update();
  }
}
document.addEventListener("visibilitychange", () => void update());

/** The digits move to the sections, in their order. */
document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (ctrlKey || metaKey || altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
  document.querySelectorAll("main h2")[Number(/^[1-9]$/.exec(key)?.[0]) - 1]?.focus();
});
void follow();
