/** A pattern of five fields, each as the values that fit. All in UTC. */
export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Both days and weekdays are named: then either is enough, as cron has it since 1979. */
  readonly eitherDay: boolean;
}

/** What is wrong with a pattern, as it follows the words "must be". */
export interface CronFault {
  readonly kind: "fault";
  readonly wanted: string;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names of values, the first for the least. */
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of the month", least: 1, most: 31 },
  {
    name: "month",
    least: 1,
    most: 12,
    names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  },
  { name: "day of the week", least: 0, most: 7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

const dayMs = 86_400_000;
/** The 29th of February may be eight years away. */
const daysAhead = 8 * 366;

/**
 * Reads a pattern: minute, hour, day of the month, month, day of the week, such as `0 9 * * MON-FRI`. Each is `*`, values,
 * ranges and steps, joined by commas.
 */
export function parseCron(pattern: string): Cron | CronFault {
  const parts = pattern.length > 256 ? [] : pattern.split(" ");
  if (parts.length !== fields.length) {
    return fault("five fields joined by single blanks: minute, hour, day of the month, month, day of the week");
  }
  const read = fields.map((field, index) => readField(field, parts[index] ?? ""));
  const wrong = fields[read.indexOf(undefined)];
  if (wrong !== undefined) {
    return fault(
      `a pattern whose ${wrong.name} is *, or values from ${wrong.least} to ${wrong.most} such as 1,3-5,*/2`,
    );
  }
  const [minutes, hours, days, months, weekdays] = read as ReadonlySet<number>[] as [
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
  ];
  const cron: Cron = {
    minutes,
    hours,
    days,
    months,
    weekdays: new Set([...weekdays].map((day) => day % 7)),
    eitherDay: parts[2] !== "*" && parts[4] !== "*",
  };
  return nextTime(cron, 0) === undefined ? fault("a pattern that some day fits") : cron;
}

/**
 * The first time behind another that fits, a whole minute.
 *
 * @param afterMs Since 1970.
 */
export function nextTime(cron: Cron, afterMs: number): number | undefined {
  const fromMs = (Math.floor(afterMs / 60_000) + 1) * 60_000;
  const firstDayMs = Math.floor(fromMs / dayMs) * dayMs;
  for (let day = 0; day <= daysAhead; day += 1) {
    const startMs = firstDayMs + day * dayMs;
    if (!fitsDay(cron, new Date(startMs))) continue;
    for (const hour of rising(cron.hours)) {
      for (const minute of rising(cron.minutes)) {
        const atMs = startMs + hour * 3_600_000 + minute * 60_000;
        if (atMs >= fromMs) return atMs;
      }
    }
  }
  return undefined;
}

function fitsDay({ days, months, weekdays, eitherDay }: Cron, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const isDay = days.has(date.getUTCDate());
  const isWeekday = weekdays.has(date.getUTCDay());
  return eitherDay ? isDay || isWeekday : isDay && isWeekday;
}

const rising = (values: ReadonlySet<number>): readonly number[] => [...values].sort((a, b) => a - b);

function readField(field: Field, text: string): ReadonlySet<number> | undefined {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, range = "", step] = /^([^/]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const [from, to] = readRange(field, range, step !== undefined);
    const every = step === undefined ? 1 : Number(step);
    if (from === undefined || to === undefined || from > to || every === 0) return undefined;
    for (let value = from; value <= to; value += every) found.add(value);
  }
  return found;
}

/** A single value with a step goes on to the end of its field. */
function readRange(field: Field, text: string, isStepped: boolean): readonly (number | undefined)[] {
  if (text === "*") return [field.least, field.least === 0 && field.most === 7 ? 6 : field.most];
  const [from = "", to, ...more] = text.split("-");
  if (more.length > 0) return [];
  const first = readValue(field, from);
  if (to !== undefined) return [first, readValue(field, to)];
  return [first, isStepped ? field.most : first];
}

function readValue({ least, most, names = [] }: Field, text: string): number | undefined {
  const named = names.indexOf(text);
  if (named >= 0) return named + least;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

const fault = (wanted: string): CronFault => ({ kind: "fault", wanted });
