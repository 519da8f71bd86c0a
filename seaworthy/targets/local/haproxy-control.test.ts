import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProcesses, parseServers, parseStat } from "./haproxy-control.ts";
import { haproxyEndpoints } from "./haproxy-sight.ts";

/** As HAProxy 2.6.12 says it. */
const PROC = `#<PID>          <type>          <reloads>       <uptime>        <version>
8769            master          3 [failed: 1]   0d00h00m37s     2.6.12-1+deb12u4
# workers
9150            worker          0               0d00h00m00s     2.6.12-1+deb12u4
# old workers
9083            worker          1               0d00h00m07s     2.6.12-1+deb12u4
8772            worker          2               0d00h00m30s     2.6.12-1+deb12u4
# programs

`;
const SERVERS = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl \
srv_check_port srv_check_addr srv_agent_addr srv_agent_port
2 api.safe 1 api-1 127.0.0.1 2 0 256 256 6 8 2 0 6 0 0 1 - 20101 - 0 0 - - 0
2 api.safe 2 api-2 127.0.0.1 2 8 26 256 6 8 2 0 6 0 0 1 - 20102 - 0 0 - - 0
2 api.safe 3 api-3 127.0.0.1 0 1 256 256 6 8 2 0 6 0 0 1 - 20103 - 0 0 - - 0

`;

describe("what HAProxy says of its processes", () => {
  it("tells workers that serve from those that finish, and whether a reload failed", () => {
    assert.deepEqual(parseProcesses(PROC), {
      ...{ masterPid: 8769, reloads: 3, failedReloads: 1 },
      ...{ serving: [9150], draining: [9083, 8772] },
    });
  });

  it("is refused where it is something else", () => {
    assert.throws(() => parseProcesses("Permission denied\n"), /nonsense/);
    assert.throws(() => parseServers("Unknown command\n"), /nonsense/);
    assert.throws(() => parseStat("\n"), /nonsense/);
  });
});

describe("what HAProxy says of its servers", () => {
  it("is read by the names of its columns", () => {
    assert.deepEqual(
      parseServers(SERVERS).map(({ name, port, weight, admin }) => [name, port, weight, admin]),
      [
        ["api-1", 20_101, 256, "ready"],
        ["api-2", 20_102, 26, "drain"],
        ["api-3", 20_103, 256, "maintenance"],
      ],
    );
  });
});

const HEADER =
  "# pxname,svname,scur,econ,eresp,wretr,wredis,status,type,hrsp_5xx,lastsess,connect,reuse,";
const ROWS = `${HEADER}
public,FRONTEND,9,,,,,OPEN,0,,,,,
api.safe,api-1,2,1,2,4,6,UP,2,3,5,10,90,
api.unsafe,api-1,1,0,0,0,0,UP,2,0,2,1,4,
api.stream,api-1,0,0,0,0,0,UP,2,0,,0,0,
api.safe,api-2,0,0,0,0,0,DRAIN,2,0,-1,0,0,
api.safe,BACKEND,2,1,2,4,6,UP,1,3,5,10,90,
`;

describe("HAProxy's counts", () => {
  const own = parseStat(ROWS);

  it("are those of each instance, by the class of its backends", () => {
    const [first, second] = haproxyEndpoints(own, [], 100_000);
    assert.equal(first?.id, "api-1");
    assert.equal(first.requests, 105);
    assert.deepEqual(first.begun, { safe: 100, idempotent: 0, unsafe: 5, stream: 0 });
    assert.deepEqual(first.inFlight, { safe: 2, idempotent: 0, unsafe: 1, stream: 0 });
    // Six went on elsewhere, of which four for want of an answer; three more gave none, three 5xx.
    assert.equal(first.failed.safe, 12);
    assert.equal(first.lastRequestWallMs, 98_000);
    assert.deepEqual([first.routed, second?.routed], [true, false]);
    assert.equal(second?.lastRequestWallMs, undefined);
  });

  it("are those of the newest worker, but what is in flight is in flight on all", () => {
    const [first] = haproxyEndpoints(own, own, 100_000);
    assert.equal(first?.requests, 105);
    assert.deepEqual(first.inFlight, { safe: 4, idempotent: 0, unsafe: 2, stream: 0 });
  });
});
