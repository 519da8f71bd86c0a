import assert from "node:assert/strict";
import { test } from "node:test";
import { survey } from "../../../facts/unit.ts";
import { treeOf } from "../example.fixture.ts";
import type { Found } from "../file-rule.ts";
import { DELIVERY_RULES } from "./delivery.ts";

type Files = Readonly<Record<string, string>>;

function said(rule: string, files: Files, guide?: string): readonly Found[] {
  const tree = { ...treeOf(files), guide };
  const own = DELIVERY_RULES.find(({ name }) => name === rule);
  assert.ok(own !== undefined);
  return survey(tree).units.flatMap((unit) => own.check(unit));
}

/** What a page's example has no room for: each is caught, and one change makes it healthy. */
interface Case {
  readonly rule: string;
  readonly what: RegExp;
  readonly severity: Found["severity"];
  readonly files: Files;
  readonly healthy: Files;
  readonly guide?: string;
}

const PUSH =
  "on: {push: {branches: [main]}}\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n";
const MAVEN = "stages: [a]\nb:\n  cache: {paths: [.m2/repository]}\n  script: [mvn package]\n";
const APPLY = "stages: [a, b]\np:\n  stage: a\n  script: ['docker push r.example/t/shop:$SHA']\n";
const SHOP =
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n" +
  "      containers: [{name: shop, image: r.example/t/shop:1}]\n";
const BUILT = "services:\n  shop:\n    build: .\n";
const AUDIT = "app:\n  audit:\n    retention-days: 365\n";
const ROTATE = "/var/log/shop/audit.log {\n  daily\n  rotate 30\n}\n";

const CASES: Readonly<Record<string, Case>> = {
  "github: an event that the workflow does not start on": {
    rule: "ci-never-runs",
    what: /pull_request/,
    severity: "warning",
    files: {
      "ci.yml":
        "on: push\njobs:\n  a:\n    if: github.event_name == 'pull_request'\n    runs-on: x\n",
    },
    healthy: {
      "ci.yml":
        "on: push\njobs:\n  a:\n    if: github.event_name == 'pull_request' || always()\n" +
        "    runs-on: x\n",
    },
  },
  "gitlab: only and except of one branch": {
    rule: "ci-never-runs",
    what: /excepts/,
    severity: "warning",
    files: { ".gitlab-ci.yml": "a:\n  script: [ls]\n  only: [main]\n  except: [main]\n" },
    healthy: { ".gitlab-ci.yml": "a:\n  script: [ls]\n  only: [main, tags]\n  except: [main]\n" },
  },
  "gitlab: a cache that the tool does not write": {
    rule: "ci-step-cannot-run",
    what: /is cached/,
    severity: "note",
    files: { ".gitlab-ci.yml": MAVEN },
    healthy: { ".gitlab-ci.yml": `${MAVEN}  variables: {MAVEN_OPTS: "-Dmaven.repo.local=.m2"}\n` },
  },
  "github: a push without a login": {
    rule: "ci-step-cannot-run",
    what: /logs in/,
    severity: "warning",
    files: { "ci.yml": `${PUSH}      - run: docker push team/shop:1\n` },
    healthy: {
      "ci.yml":
        `${PUSH}      - uses: docker/login-action@v3\n` + "      - run: docker push team/shop:1\n",
    },
  },
  "github: a deployment beside the tests": {
    rule: "ci-order-unsafe",
    what: /without waiting/,
    severity: "warning",
    files: {
      "ci.yml":
        `${PUSH}      - run: kubectl apply -f k8s/\n` +
        "  unit:\n    runs-on: x\n    steps: [{run: npm test}]\n",
    },
    healthy: {
      "ci.yml":
        PUSH.replace("runs-on", "needs: unit\n    runs-on") +
        "      - run: kubectl apply -f k8s/\n" +
        "  unit:\n    runs-on: x\n    steps: [{run: npm test}]\n",
    },
  },
  "gitlab: applied, then set": {
    rule: "deploy-does-not-change-image",
    what: /two rollouts/,
    severity: "note",
    files: {
      "k8s/shop.yaml": SHOP,
      ".gitlab-ci.yml":
        `${APPLY}d:\n  stage: b\n  script:\n    - kubectl apply -f k8s/\n` +
        "    - kubectl set image deployment/shop shop=r.example/t/shop:$SHA\n",
    },
    healthy: {
      "k8s/shop.yaml": SHOP,
      ".gitlab-ci.yml":
        `${APPLY}d:\n  stage: b\n  script:\n` +
        "    - kubectl set image deployment/shop shop=r.example/t/shop:$SHA\n",
    },
  },
  "compose: brought up without a build": {
    rule: "deploy-does-not-change-image",
    what: /without building/,
    severity: "warning",
    files: {
      "docker-compose.yml": BUILT,
      "deploy.sh": "#!/bin/sh\ngit pull\ndocker compose up -d\n",
    },
    healthy: {
      "docker-compose.yml": "services:\n  shop:\n    image: r.example/t/shop:1\n    build: .\n",
      "deploy.sh": "#!/bin/sh\ngit pull\ndocker compose up -d\n",
    },
  },
  "an audit log at two paths": {
    rule: "log-path-nobody-ships",
    what: /several paths/,
    severity: "note",
    files: {
      "application.yml": "app: {audit: {file: /app/logs/audit.log}}\n",
      "application-prod.yml": "app: {audit: {storage: {file-path: logs/security.log}}}\n",
    },
    healthy: {
      "application.yml": "app: {audit: {file: /app/logs/audit.log}}\n",
      "application-prod.yml": "app: {audit: {storage: {file-path: logs/audit.log}}}\n",
    },
  },
  "a guide whose picture has a log stack": {
    rule: "log-path-nobody-ships",
    what: /Loki/,
    severity: "note",
    guide: "guide.md",
    files: { "guide.md": "Logs go to Loki.\n", "docker-compose.yml": BUILT },
    healthy: {
      "guide.md": "Logs go to Loki.\n",
      "docker-compose.yml": `${BUILT}  promtail:\n    image: grafana/promtail:3.0.0\n`,
    },
  },
  "an audit log that is deleted too soon": {
    rule: "objective-not-met",
    what: /365 days/,
    severity: "note",
    files: { "application.yml": AUDIT, "etc/logrotate.d/shop": ROTATE },
    healthy: {
      "application.yml": AUDIT,
      "etc/logrotate.d/shop": ROTATE.replace("rotate 30", "rotate 400"),
    },
  },
  "blue-green that recreates": {
    rule: "objective-not-met",
    what: /recreates/,
    severity: "note",
    files: {
      "README.md": "Releases are blue-green.\n",
      "deploy.sh": "#!/bin/sh\ndocker compose up -d --force-recreate\n",
    },
    healthy: {
      "README.md": "Releases are blue-green.\n",
      "deploy.sh": "#!/bin/sh\ndocker compose -p shop-green up -d\n",
    },
  },
  "automatic failover by hand": {
    rule: "objective-not-met",
    what: /started by nothing/,
    severity: "note",
    files: { "README.md": "Automatic failover.\n", "failover.sh": "#!/bin/sh\npg_ctl promote\n" },
    healthy: {
      "README.md": "Automatic failover.\n",
      "failover.sh": "#!/bin/sh\npg_ctl promote\n",
      crontab: "* * * * * /opt/shop/failover.sh\n",
    },
  },
  "a recovery point, and backups that nothing starts": {
    rule: "objective-not-met",
    what: /nothing starts `backup.sh`/,
    severity: "warning",
    files: {
      "README.md": "RPO: 1 hour\n",
      "backup.sh": "#!/bin/sh\npg_dump shop > /backup/shop.sql\n",
    },
    healthy: {
      "README.md": "RPO: 1 hour\n",
      "backup.sh": "#!/bin/sh\npg_dump shop > /backup/shop.sql\n",
      crontab: "*/30 * * * * /opt/shop/backup.sh\n",
    },
  },
};

for (const [name, { rule, what, severity, files, healthy, guide }] of Object.entries(CASES)) {
  test(`${rule}: ${name}`, () => {
    const caught = said(rule, files, guide);
    const own = caught.find(({ message }) => what.test(message));
    assert.ok(own !== undefined, `not caught; said: ${JSON.stringify(caught)}`);
    assert.equal(own.severity, severity);
    const left = said(rule, healthy, guide).filter(({ message }) => what.test(message));
    assert.deepEqual(left, []);
  });
}
