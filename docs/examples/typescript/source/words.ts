// How figures and states are shown. Enums may grow: each table has words for what is not known yet.
const LATER = "%future added value";

export function rupiah(digits: string): string {
  return `Rp${BigInt(digits).toLocaleString("id-ID")}`;
}

export function day(date: string): string {
  return new Intl.DateTimeFormat("id-ID", { dateStyle: "long", timeZone: "UTC" }).format(
    new Date(`${date}T00:00:00Z`),
  );
}

export function month(coverageMonth: string): string {
  return new Intl.DateTimeFormat("id-ID", { month: "long", year: "numeric", timeZone: "UTC" }).format(
    new Date(`${coverageMonth}-01T00:00:00Z`),
  );
}

/** An instant in Jakarta, wherever the phone is. */
export function moment(instant: string): string {
  const shown = new Intl.DateTimeFormat("id-ID", {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "Asia/Jakarta",
  }).format(new Date(instant));
  return `${shown} WIB`;
}

export function word<Value extends string>(words: Record<Value, string>, value: Value): string {
  const known: Readonly<Record<string, string>> = words;
  return known[value] ?? known[LATER] ?? value;
}
