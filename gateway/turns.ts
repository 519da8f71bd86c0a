/** What takes turns: its weight says how many of them. */
export interface Weighed {
  readonly weight: number;
}

/** Below this a credit is nothing: what is left of adding fractions up. */
const NOTHING = 1e-9;

/**
 * Weighted round robin. After any number of turns each member has had its share of them, give or
 * take less than one. Smooth weighted round robin, the usual choice, is further off with many
 * weights; this is earliest deadline first over turns that are due, which on one "processor" keeps
 * every lag below one (Tijdeman, The chairman assignment problem, 1980).
 */
export class Turns<Member extends Weighed> {
  #members: readonly Member[] = [];
  #weights: readonly number[] = [];
  /** Turns that were due to a member and not given. */
  #credits: number[] = [];
  #total = 0;
  #isEven = true;
  #turn = 0;

  /** Everybody begins anew, unless these are the same members with the same weights. */
  configure(members: readonly Member[]): void {
    const weights = members.map((one) => one.weight);
    const isSame =
      members.length === this.#members.length &&
      members.every((one, index) => one === this.#members[index]) &&
      weights.every((weight, index) => weight === this.#weights[index]);
    if (isSame) return;
    this.#members = members;
    this.#weights = weights;
    this.#credits = weights.map(() => 0);
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#isEven = weights.every((weight) => weight === weights[0]);
  }

  /** Whose turn it is, skipping those tried; undefined when every member was. */
  next(tried: readonly Member[]): Member | undefined {
    this.#turn = (this.#turn + 1) % TURNS;
    return this.#isEven ? this.#evenly(tried) : this.#weighted(tried);
  }

  /**
   * Each round begins one further on: else two instances and a client that asks for something slow
   * every other time would meet the same one each time, and that one would seem slow.
   */
  #evenly(tried: readonly Member[]): Member | undefined {
    const count = this.#members.length;
    const start = this.#turn + Math.floor(this.#turn / count);
    for (let step = 0; step < count; step += 1) {
      const member = this.#members[(start + step) % count];
      if (member !== undefined && !tried.includes(member)) return member;
    }
    return undefined;
  }

  #weighted(tried: readonly Member[]): Member | undefined {
    if (this.#members.every((member) => tried.includes(member))) return undefined;
    const credits = this.#credits;
    let due = -1;
    let dueIn = Number.POSITIVE_INFINITY;
    let spare = -1;
    for (let index = 0; index < credits.length; index += 1) {
      const share = (this.#weights[index] ?? 0) / this.#total;
      const credit = (credits[index] ?? 0) + share;
      credits[index] = credit;
      const member = this.#members[index];
      if (member === undefined || tried.includes(member)) continue;
      const deadline = (1 - credit) / share;
      if (credit > NOTHING && deadline < dueIn) {
        due = index;
        dueIn = deadline;
      }
      // Only where those that are due were tried: some turn has to be given early then.
      if (spare === -1 || credit > (credits[spare] ?? 0)) spare = index;
    }
    const chosen = due === -1 ? spare : due;
    credits[chosen] = (credits[chosen] ?? 0) - 1;
    return this.#members[chosen];
  }
}

/** The turn wraps here, far below where integers get slow. */
const TURNS = 0x3fff_ffff;
