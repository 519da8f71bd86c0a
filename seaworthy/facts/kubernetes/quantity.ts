const FACTORS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["m", 0.001],
  ["k", 1e3],
  ["K", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
  ["Ki", 1024],
  ["Mi", 1024 ** 2],
  ["Gi", 1024 ** 3],
  ["Ti", 1024 ** 4],
]);

/** A quantity of Kubernetes (`512Mi`, `1.5G`, `500m`); undefined when it is none. */
export function quantityOf(text: string | undefined): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,15}(?:\.\d{1,6})?)([kKMGT]i?|m)?$/.exec(text ?? "") ?? [];
  const factor = FACTORS.get(unit);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
