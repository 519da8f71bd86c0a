import { parseImageRef } from "../images/image-ref.ts";
import { type Product, type ProductFile, productFrom } from "./product.ts";
import file from "./products.json" with { type: "json" };

export type { Product } from "./product.ts";

/** What is known of a scraped thing; whatever is not known is left out. */
export interface Sighting {
  /** Image reference of the container, as written. */
  readonly image?: string | undefined;
  readonly port?: number | undefined;
  /** Name of the service, host or scrape job. */
  readonly name?: string | undefined;
  /** The path scraped, for example `/actuator/prometheus`. */
  readonly path?: string | undefined;
}

/** As stored, in the order of their names. */
export const PRODUCT_FILES: readonly ProductFile[] = file.products;

const products: ReadonlyMap<string, Product> = new Map(
  PRODUCT_FILES.map((file) => [file.name, productFrom(file, (name) => products.get(name))]),
);

/** Every product in the catalogue. */
export function allProducts(): readonly Product[] {
  return [...products.values()];
}

export function productNamed(name: string): Product | undefined {
  return products.get(name);
}

/** Names of the products that a series of this name speaks for, in alphabetical order. */
export function productsExporting(metric: string): readonly string[] {
  return allProducts()
    .filter((product) => product.isTold(metric))
    .map((product) => product.name)
    .toSorted();
}

/**
 * The product behind a scrape target. An image that is written and unknown is an unknown product,
 * whatever its port; a port alone decides only where no name is given.
 */
export function productOf(sighting: Sighting): Product | undefined {
  const byPath = sighting.path === undefined ? undefined : withPath(sighting.path);
  if (byPath !== undefined) return byPath;
  if (sighting.image !== undefined) return withImage(sighting.image);
  if (sighting.name !== undefined) return withName(sighting.name);
  return sighting.port === undefined ? undefined : withPort(sighting.port);
}

/** Undefined: unknown product or name, or its labels are not known. */
export function labelsOf(product: string, metric: string): readonly string[] | undefined {
  return products.get(product)?.labels(metric);
}

export interface Renaming {
  readonly to: string;
  /** The version of the product that brought the new name; `never`: the old one never existed. */
  readonly since: string;
  readonly product: string;
}

/** What a name that is no longer exported, or never was, is called now. */
export function renaming(metric: string): Renaming | undefined {
  for (const file of PRODUCT_FILES) {
    for (const row of file.renamed ?? []) {
      const [from = "", to = "", since = ""] = row.split(" ");
      if (from === metric) return { to, since, product: file.name };
    }
  }
  return undefined;
}

export function renamed(metric: string): string | undefined {
  return renaming(metric)?.to;
}

function withPath(path: string): Product | undefined {
  const file = PRODUCT_FILES.find(({ paths }) => paths?.includes(path));
  return file === undefined ? undefined : products.get(file.name);
}

function withImage(image: string): Product | undefined {
  const { repository } = parseImageRef(image);
  return allProducts().find(({ images }) =>
    images.some((known) => repository === known || repository.endsWith(`/${known}`)),
  );
}

/** `node_exporter-1` and `Node-Exporter` are both `node-exporter`. */
function withName(name: string): Product | undefined {
  const plain = name
    .toLowerCase()
    .replaceAll("_", "-")
    .replace(/-\d{1,4}$/u, "");
  return allProducts().find(({ hints }) => hints.includes(plain));
}

function withPort(port: number): Product | undefined {
  const [only, other] = allProducts().filter(({ ports }) => ports.includes(port));
  return other === undefined ? only : undefined;
}
