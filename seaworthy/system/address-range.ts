const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const V6 = /^[0-9a-fA-F:]{2,39}$/;

/** `10.0.0.0/8`, `2001:db8::/32`: an address and a prefix length (RFC 4632 §3.1, RFC 4291 §2.3). */
export function isAddressRange(given: string): boolean {
  const [address = "", bits = "", ...rest] = given.split("/");
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  const parts = V4.exec(address);
  if (parts !== null) {
    return Number(bits) <= 32 && parts.slice(1).every((part) => Number(part) <= 255);
  }
  return Number(bits) <= 128 && V6.test(address) && isSixth(address);
}

/** Eight groups of up to four hex digits, or fewer with one `::`. */
function isSixth(address: string): boolean {
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}
