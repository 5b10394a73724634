/* Terms that explain themselves: what is marked with `data-term` opens its explanation in a popover,
 * for a mouse that rests on it, by a tap, and by Enter or the space key.
 *
 * Offers everycase.terms: html, mark. The texts are the glossary's (webapp/components/glossary), fetched
 * once when the page has come to rest; a report that was saved has them within. */
(() => {
  "use strict";

  const { byId, closest } = window.everycase.page;
  const F = window.everycase.format;
  const [REST, LEAVE] = [180, 220]; // ms until a resting mouse opens, a leaving one closes
  const GAP = 8; // CSS pixels, between term and popover, and to the edges of the window
  const ID = "ec-explanation";

  /** @type {Promise<Record<string, Everycase.Term>> | null} */
  let glossary = null;
  /** The term that is explained, and whether somebody pressed it. */
  const open = { term: /** @type {HTMLElement | null} */ (null), pressed: false };
  let timer = 0;

  async function request() {
    const saved = byId("ec-glossary");
    if (saved) return JSON.parse(saved.textContent ?? "{}");
    const response = await fetch("/page/glossary.json");
    if (!response.ok) throw new Error(response.statusText);
    return response.json();
  }

  /** The explanation of a term, or null while the server is away. @param {string} key */
  async function read(key) {
    glossary ??= request();
    try {
      return (await glossary)[key] ?? null;
    } catch {
      glossary = null; // asked again next time
      return null;
    }
  }

  function popover() {
    const place = byId(ID);
    if (place) return place;
    const made = document.createElement("div");
    Object.assign(made, { id: ID, className: "ec-explanation", popover: "manual", tabIndex: -1 });
    made.setAttribute("role", "dialog");
    made.addEventListener("pointerenter", () => clearTimeout(timer));
    made.addEventListener("pointerleave", leave);
    return document.body.appendChild(made);
  }

  /** @param {Everycase.Term | null} term */
  function content(term) {
    if (!term) return "<p>The explanation couldn't be loaded.</p>";
    const about = F.safe(term.title);
    const more = term.docs
      ? `<a class="ec-link" href="${F.safe(term.docs)}" target="_blank" rel="noopener" aria-label="Read more about ${about}">Read more</a>`
      : "";
    return `<strong>${about}</strong><p>${F.safe(term.text)}</p>${more}`;
  }

  /** Open the explanation of what was marked. @param {HTMLElement} term @param {boolean} pressed */
  async function explain(term, pressed) {
    Object.assign(open, { term, pressed });
    const found = await read(term.dataset.term ?? "");
    if (open.term !== term || !term.isConnected) return;
    const place = popover();
    place.setAttribute("aria-label", found?.title ?? "Explanation");
    place.innerHTML = content(found);
    place.showPopover();
    put(place, term);
    if (open.pressed) place.focus({ preventScroll: true });
  }

  /** Below the term, or above it where there is no room. @param {HTMLElement} place @param {HTMLElement} term */
  function put(place, term) {
    const box = term.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const left = Math.min(box.left, clientWidth - place.offsetWidth - GAP);
    const below = box.bottom + GAP;
    const fits = below + place.offsetHeight + GAP <= clientHeight;
    const top = fits ? below : Math.max(GAP, box.top - GAP - place.offsetHeight);
    place.style.left = `${Math.max(GAP, left)}px`;
    place.style.top = `${top}px`;
  }

  /** @param {boolean} [back] whether the term gets the focus again */
  function close(back) {
    clearTimeout(timer);
    const { term } = open;
    const place = byId(ID);
    const had = place?.contains(document.activeElement);
    Object.assign(open, { term: null, pressed: false });
    if (place?.matches(":popover-open")) place.hidePopover();
    if (back && had) term?.focus();
  }

  function leave() {
    clearTimeout(timer);
    if (!open.pressed) timer = setTimeout(close, LEAVE);
  }

  document.addEventListener("pointerover", (event) => {
    const term = closest(event, "[data-term]");
    if (!term || event.pointerType !== "mouse" || open.pressed) return;
    clearTimeout(timer);
    if (term !== open.term) timer = setTimeout(() => explain(term, false), REST);
  });

  document.addEventListener("pointerout", (event) => {
    if (closest(event, "[data-term]")) leave();
  });

  // Before the rest of the page: in a heading that sorts, a term explains and doesn't sort.
  document.addEventListener(
    "click",
    (event) => {
      const term = closest(event, "[data-term]");
      if (!term) {
        if (open.term && !closest(event, `#${ID}`)) close();
        return;
      }
      clearTimeout(timer);
      if (open.pressed && open.term === term) close(true);
      else explain(term, true);
    },
    true,
  );

  document.addEventListener(
    "keydown",
    (event) => {
      if (!open.term || event.key !== "Escape") return;
      event.stopPropagation(); // a dialog under the popover stays open
      close(true);
    },
    true,
  );

  document.addEventListener("focusin", (event) => {
    if (open.pressed && !closest(event, `#${ID}`) && event.target !== open.term) close();
  });

  for (const kind of ["scroll", "resize"]) {
    window.addEventListener(
      kind,
      () => {
        const place = byId(ID);
        if (!open.term || !place?.matches(":popover-open")) return;
        if (open.term.isConnected) put(place, open.term);
        else close();
      },
      { capture: true, passive: true },
    );
  }

  /** The term of that key as HTML, called by the page's own words. @param {string} key @param {string} words */
  function html(key, words) {
    return `<button type="button" class="ec-term" data-term="${key}" aria-haspopup="dialog">${F.safe(words)}</button>`;
  }

  /** A mark beside words that already do something when they are pressed. @param {string} key @param {string} words */
  function mark(key, words) {
    return `<button type="button" class="ec-term-mark" data-term="${key}" aria-haspopup="dialog" aria-label="What is ${F.safe(words)}?">i</button>`;
  }

  window.addEventListener("load", () => {
    setTimeout(() => read(""), 3000); // there when it is wanted, also if the server goes away
  });

  window.everycase.terms = { html, mark };
})();
