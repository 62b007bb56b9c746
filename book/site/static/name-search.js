// Finds pages and sections by what they are called, in any form of the words, and mends mistakes of typing.
// `names.js`, made by book/site/ext/search_names.py, hands its names to `bookNames`; the stemmer is that of Sphinx's
// search. Loaded with the first search, as classic scripts: modules would not load from file://.

const HAN = /\p{Script=Han}/u;

/** The words of a text without case, accents, modules and calls; a run of Chinese is a word, cut at `cuts`. */
function wordsOf(text, cuts = []) {
  const bare = text.replace(/\b(?:[a-z_]\w*\.)+(?=[a-z_])/gi, "").replace(/([a-z]\w*)\([^)]*\)?$/i, "$1");
  const folded = bare.normalize("NFKC").toLowerCase().replaceAll("ё", "е").normalize("NFD");
  const plain = folded.replace(/(\p{Script=Latin})\p{M}+/gu, "$1").normalize("NFC");
  const han = cuts.filter((word) => HAN.test(word)).join("|");
  const cut = han ? plain.replace(new RegExp(han, "g"), " ") : plain;
  const words = cut.match(/\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu) ?? [];
  return words.filter((word) => !cuts.includes(word));
}

/** Deletions, insertions, replacements and exchanges of neighbours that lead from one word to the other. */
function distance(one, other) {
  const rows = [[], Array.from({ length: other.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= one.length; i++) {
    const [before, last] = rows.slice(-2);
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = last[j - 1] + (one[i - 1] !== other[j - 1]);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, changed);
      if (one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    rows.push(row);
  }
  return rows.at(-1)[other.length];
}

/** The mistakes that a word of that length may have. */
function allowed(word) {
  if (HAN.test(word)) return word.length > 2 ? 1 : 0;
  return word.length < 4 ? 0 : word.length < 7 ? 1 : 2;
}

const KEYS = ["qwertyuiop[]asdfghjkl;'zxcvbnm,.", "йцукенгшщзхъфывапролджэячсмитьбю"];

/** What the keys would have written in the other of the two layouts. */
function otherLayout(text) {
  const [from, to] = /[а-яё]/i.test(text) ? [...KEYS].reverse() : KEYS;
  return [...text.toLowerCase()].map((key) => to[from.indexOf(key)] ?? key).join("");
}

const BOOK_ORDER = 0.25; // how much less a later name of a page counts
const GOOD = 44; // what is less alike leads nowhere
const SIDE = [
  [/(^|\/)index\.html/, 40], // a family's page says the names of all its losses
  [/^(\.\.\/en\/)?api\//, 12],
  [/^(practice|appendix)\//, 2],
];

window.bookNames = (pages, { noise, common }) => {
  const stemmer = new Stemmer();
  const stemOf = new Map();
  const surfaces = new Map(); // each word of the names, and how often it stands there

  /** The stem, in Russian without a vowel that comes and goes: корень, корня. */
  function stem(word) {
    if (!stemOf.has(word))
      stemOf.set(word, stemmer.stemWord(word).replace(/(?<=[а-я]{2})[ео](?=[кнц]$)/, ""));
    return stemOf.get(word);
  }

  const plainStems = new Set(common.map(stem));
  const stemmed = (words) => [...new Set(words.map(stem))].sort();

  function form(text) {
    const all = wordsOf(text);
    const words = wordsOf(text, noise);
    const core = wordsOf(text, [...noise, ...common]).filter((word) => !plainStems.has(stem(word)));
    const telling = words.length ? words : all;
    return {
      squash: all.join(""),
      words: all,
      stems: stemmed(telling),
      core: stemmed(core.length ? core : telling),
    };
  }

  function known(text) {
    const name = form(text);
    for (const word of name.words) surfaces.set(word, (surfaces.get(word) ?? 0) + 1);
    return name;
  }

  const entries = pages.flatMap(({ url, title, names, sections }) => {
    const less = SIDE.find(([side]) => side.test(url))?.[1] ?? 0;
    const page = { url, title, page: url, less, names: names.map(known) };
    const parts = sections.map(([anchor, heading, own]) => ({
      url: `${url}#${anchor}`,
      title: heading,
      within: title,
      page: url,
      less,
      names: own.map(known),
    }));
    return names.length ? [page, ...parts] : parts;
  });
  const stems = new Set([...surfaces.keys()].map(stem));
  const vocabulary = [...surfaces.keys()];

  const same = (one, other) => one.length === other.length && one.every((stem, n) => stem === other[n]);

  /** How well a name answers a query, up to 100; 0 if it does not. */
  function likeness(query, name) {
    if (query.squash === name.squash) return 100;
    if (same(query.stems, name.stems)) return 92;
    if (same(query.core, name.core)) return 84;
    if (query.squash.length > 2 && name.squash.startsWith(query.squash))
      return 76 - Math.min(20, name.squash.length - query.squash.length);
    const holds = (part) =>
      name.core.includes(part) ||
      (HAN.test(part)
        ? name.squash.includes(part)
        : part.length > 2 && name.words.some((word) => word.startsWith(part)));
    return query.core.every(holds) ? 60 - 4 * Math.abs(name.core.length - query.core.length) : 0;
  }

  /** The pages and sections that a query names, the best first; a section only where its page answers less well. */
  function find(text, most = 6) {
    const query = form(text);
    if (!query.squash) return [];
    const score = ({ names, less }) =>
      Math.max(0, ...names.map((name, n) => likeness(query, name) - Math.min(6, n * BOOK_ORDER))) - less;
    const scored = entries.map((entry) => ({ ...entry, score: score(entry) }));
    const good = scored.filter((entry) => entry.score >= GOOD).sort((a, b) => b.score - a.score);
    const taken = new Set();
    return good.filter(({ page }) => !taken.has(page) && taken.add(page)).slice(0, most);
  }

  const begins = (word) => (other) => other.startsWith(word) || (HAN.test(word) && other.includes(word));
  const isKnown = (word) => stems.has(stem(word)) || (word.length > 1 && vocabulary.some(begins(word)));

  /** The words of a query that no name holds. */
  const unknown = (text) =>
    wordsOf(text, [...noise, ...common]).filter((word) => !isKnown(word) && !/^\p{N}+$/u.test(word));

  /** Whether a text lacks some word of a query that no name holds. */
  function lacks(query, text) {
    const there = wordsOf(text);
    return unknown(query).some(
      (word) => !there.some((other) => stem(other) === stem(word) || begins(word)(other)),
    );
  }

  function mended(word) {
    const limit = allowed(word);
    let [best, least] = [word, limit + 1];
    for (const other of vocabulary) {
      if (Math.abs(other.length - word.length) > limit) continue;
      const apart = distance(word, other);
      if (apart < least || (apart === least && apart <= limit && surfaces.get(other) > surfaces.get(best)))
        [best, least] = [other, apart];
    }
    return best;
  }

  /** The query as it was meant, if a word of it is unknown and a known one is near; else nothing. */
  function meant(text) {
    const parts = text
      .trim()
      .split(/\s+/)
      .map((part) => {
        const lost = unknown(part);
        if (!lost.length) return part;
        const other = otherLayout(part);
        if (
          part.length > 2 &&
          /[а-яё]/i.test(part + other) &&
          wordsOf(other).length &&
          !unknown(other).length
        )
          return other;
        return lost.reduce(
          (mending, word) => mending.replace(word, mended(word)),
          part.toLowerCase().replaceAll("ё", "е"),
        );
      });
    const query = parts.join(" ");
    return wordsOf(query).join() === wordsOf(text).join() ? undefined : query;
  }

  window.nameSearch = { find, lacks, meant };
};
