/** What of a folder is not read, by name alone; the folder that a person names is always read. */

/** Made or fetched by tools: nobody mends anything there, and its size is without bounds. */
const MADE_FOLDERS = new Set([
  ".git",
  ".hg",
  ".svn",
  "node_modules",
  "bower_components",
  "vendor",
  "dist",
  ".next",
  ".nuxt",
  ".output",
  ".svelte-kit",
  ".turbo",
  ".cache",
  ".gradle",
  ".idea",
  ".terraform",
  ".tox",
  ".nox",
  ".venv",
  "venv",
  "virtualenv",
  "site-packages",
  "__pycache__",
  ".pytest_cache",
  ".mypy_cache",
  "coverage",
  ".nyc_output",
  "Pods",
]);

/** Not what is deployed: files that only tests or readers of the documentation use. */
const SIDE_WORDS = new Set(
  "test tests e2e testdata fixture fixtures mocks example examples sample samples".split(" "),
);

/** Endings of files that hold no text, or text that a tool wrote. */
const UNREAD_ENDINGS = new Set(
  (
    "png jpg jpeg gif webp ico bmp tiff svg pdf woff woff2 ttf otf eot mp3 mp4 mov avi webm wav " +
    "zip gz tgz bz2 xz zst 7z rar jar war ear class so dll dylib exe o a pyc wasm bin db sqlite " +
    "map lock sum snap ipynb csv tsv parquet psd ai docx xlsx pptx"
  ).split(" "),
);
const LOCK_FILES = new Set(["package-lock.json", "pnpm-lock.yaml", "npm-shrinkwrap.json"]);

export function isMadeFolder(name: string): boolean {
  return MADE_FOLDERS.has(name);
}

export function isSideFolder(name: string): boolean {
  // `integration-tests`, `__tests__`, `test`; not `test-runner`, which may be a program's own part.
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  return SIDE_WORDS.has(words.findLast((word) => word !== "") ?? "");
}

export function isUnreadName(name: string): boolean {
  if (LOCK_FILES.has(name) || /\.min\.(?:js|css)$/.test(name)) return true;
  return UNREAD_ENDINGS.has(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
}

const SOURCE_ENDINGS = new Set(
  (
    "js mjs cjs jsx ts mts cts tsx py go rs java kt kts scala rb php cs c cc cpp h hpp swift " +
    "dart ex exs vue svelte css scss less html htm md mdx rst txt po"
  ).split(" "),
);

/** What limits cut first: a program's source tells less of its deployment than anything else. */
export function isSource(path: string): boolean {
  return SOURCE_ENDINGS.has(path.slice(path.lastIndexOf(".") + 1).toLowerCase());
}
