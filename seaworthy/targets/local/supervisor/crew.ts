import { rm } from "node:fs/promises";
import { join } from "node:path";
import { EdgeKeeper } from "./edge-keeper.ts";
import { Keeper } from "./keeper.ts";
import { without } from "./state.ts";
import { terminate } from "./terminate.ts";
import { withdraw } from "./withdraw.ts";
import type { World } from "./world.ts";

/** Everyone who looks after something: the edge's keeper and one keeper an instance. */
export class Crew {
  readonly world: World;
  readonly edge: EdgeKeeper;
  readonly keepers = new Map<string, Keeper>();

  constructor(world: World) {
    this.world = world;
    this.edge = new EdgeKeeper(world);
  }

  /** The instance's keeper; begins its work where there is none yet. */
  keep(instance: string): Keeper {
    const existing = this.keepers.get(instance);
    if (existing !== undefined) return existing;
    const keeper = new Keeper(this.world, instance, {
      edgeChanged: async () => {
        await this.edge.push();
      },
      givenUp: async (signal) => await withdraw(this, instance, signal),
    });
    this.keepers.set(instance, keeper);
    return keeper;
  }

  /** Takes it out of the routes, ends it, forgets it. Nothing of it is left when this resolves. */
  async end(instance: string, graceMs: number): Promise<void> {
    await this.endAll([instance], graceMs);
  }

  async endAll(instances: readonly string[], graceMs: number): Promise<void> {
    const { ledger, folder } = this.world;
    if (instances.some((id) => ledger.state.instances[id]?.routed === true)) {
      await ledger.intend((state) => ({
        ...state,
        instances: Object.fromEntries(
          Object.entries(state.instances).map(([id, record]) => [
            id,
            instances.includes(id) ? { ...record, routed: false } : record,
          ]),
        ),
      }));
      await this.edge.push();
    }
    await Promise.all(instances.map((id) => this.#endOne(id, graceMs)));
    await ledger.record((state) => ({
      ...state,
      instances: instances.reduce(without, state.instances),
    }));
    for (const id of instances) {
      this.keepers.delete(id);
      await rm(join(folder.run, id), { recursive: true, force: true });
    }
    if (instances.length > 0) await this.edge.push();
  }

  async #endOne(instance: string, graceMs: number): Promise<void> {
    const keeper = this.keepers.get(instance);
    if (keeper !== undefined) return await keeper.stop(graceMs);
    const leader = this.world.ledger.state.instances[instance]?.identity;
    await terminate(this.world, { instance, leader }, graceMs);
  }
}
