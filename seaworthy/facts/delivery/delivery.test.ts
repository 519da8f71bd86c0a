import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fact } from "../fact.ts";
import { documentsOf } from "../facts.ts";
import { deliveryFacts, readDelivery } from "./delivery.ts";
import type { LogShipperDocument, PipelineDocument, PipelineJob } from "./delivery.ts";

const TREE = {
  files: [],
  has: () => false,
  isIgnored: () => false,
  unread: [],
  guide: undefined,
};

function pipeline(path: string, text: string): PipelineDocument {
  const document = readDelivery({ path, text });
  assert.ok(document?.kind === "pipeline", `no pipeline: ${String(document?.kind)}`);
  return document;
}

function job(document: PipelineDocument, name: string): PipelineJob {
  const found = document.jobs.find((one) => one.name === name);
  assert.ok(found !== undefined, `no job ${name}`);
  return found;
}

function factsIn(path: string, text: string): readonly Fact[] {
  const document = readDelivery({ path, text });
  assert.ok(document !== undefined);
  return deliveryFacts(documentsOf([document], TREE));
}

const GITLAB = `stages: [build, deploy]
variables: {IMAGE: registry.example/shop}
.base:
  image: {name: docker:27, entrypoint: [""]}
  before_script:
    - docker login registry.example
.more:
  extends: .base
  only: [main]
publish:
  extends: [.more]
  stage: build
  script:
    - !reference [.shared, script]
    - docker push $IMAGE:$CI_COMMIT_SHA
rollout:
  stage: deploy
  needs: [{job: publish}]
  when: manual
  environment: {name: production}
  script:
    - |
      kubectl apply -f k8s/
      kubectl rollout status deployment/shop
elsewhere:
  extends: .of-another-file
  script: [echo]
.shared:
  script: [echo shared]
`;

test("gitlab: extends, references and defaults are put in, with their lines", () => {
  const document = pipeline(".gitlab-ci.yml", GITLAB);
  assert.deepEqual(document.stages, [".pre", "build", "deploy", ".post"]);
  assert.equal(document.open, false);
  const publish = job(document, "publish");
  assert.deepEqual(
    publish.commands.map(({ line, text }) => [line, text]),
    [
      [6, "docker login registry.example"],
      [29, "echo shared"],
      [15, "docker push $IMAGE:$CI_COMMIT_SHA"],
    ],
  );
  assert.deepEqual(publish.image, { name: "docker:27", line: 4, entrypoint: true });
  assert.equal(publish.restricted, true);
  assert.equal(publish.condition?.text, "only: main");
  assert.equal(publish.needs, undefined);
  assert.equal(publish.variables.get("IMAGE"), "registry.example/shop");
});

test("gitlab: what a job needs, who starts it and what is not in the file", () => {
  const document = pipeline(".gitlab-ci.yml", GITLAB);
  const rollout = job(document, "rollout");
  assert.deepEqual(rollout.needs, ["publish"]);
  assert.equal(rollout.manual, true);
  assert.equal(rollout.environment, "production");
  assert.equal(rollout.commands[0]?.line, 23);
  assert.equal(job(document, "elsewhere").unread, true);
  assert.equal(rollout.unread, false);
  const included = pipeline(".gitlab-ci.yml", `include: [a.yml]\n${GITLAB}`);
  assert.equal(included.open, true);
});

test("gitlab: jobs that extend or refer to themselves end", () => {
  const text = "a: {extends: b}\nb: {extends: a, script: [!reference [b, script]]}\n";
  const document = pipeline(".gitlab-ci.yml", text);
  assert.equal(job(document, "a").unread, true);
  assert.deepEqual(job(document, "b").commands, []);
});

test("gitlab: a command that YAML takes for a mapping is what GitLab refuses", () => {
  const text =
    "stages: [a]\nb:\n  script:\n    - ls\n    - echo WARNING: none\n    - 'echo a: b'\n";
  const document = pipeline(".gitlab-ci.yml", text);
  assert.deepEqual(
    document.problems.map(({ at }) => at.line),
    [5],
  );
  assert.equal(job(document, "b").unread, true);
});

const GITHUB = `on:
  push: {branches: [main]}
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: npm test
  publish:
    needs: test
    if: github.ref == 'refs/heads/main'
    runs-on: [self-hosted, linux]
    steps:
      - uses: docker/build-push-action@v6
        if: always()
        with: {push: true, tags: "registry.example/shop:1"}
  call:
    uses: ./.github/workflows/deploy.yml
`;

test("github: triggers, conditions, machines and called workflows", () => {
  const document = pipeline(".github/workflows/ci.yml", GITHUB);
  assert.deepEqual(
    document.triggers.map(({ event, branches }) => [event, branches]),
    [
      ["push", ["main"]],
      ["pull_request", undefined],
    ],
  );
  const publish = job(document, "publish");
  assert.deepEqual(publish.needs, ["test"]);
  assert.equal(publish.hosted, false);
  assert.equal(publish.condition?.line, 11);
  assert.equal(publish.uses[0]?.conditional, true);
  assert.equal(job(document, "test").restricted, false);
  assert.equal(job(document, "test").hosted, true);
  assert.equal(job(document, "call").unread, true);
});

test("github: pushed to all branches is no restriction, to tags it is", () => {
  const restricted = (on: string): boolean => {
    const text = `on: ${on}\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n`;
    return job(pipeline("ci.yml", text), "a").restricted;
  };
  assert.equal(restricted("push"), false);
  assert.equal(restricted("[push, workflow_dispatch]"), false);
  assert.equal(restricted("{push: {branches: ['**']}}"), false);
  assert.equal(restricted("{push: {branches: [main]}}"), true);
  assert.equal(restricted("{push: {tags: ['v*']}}"), true);
  assert.equal(restricted("{schedule: [{cron: '0 0 * * *'}]}"), true);
});

const JENKINS = `@NonCPS
def tell(x) { echo x }
pipeline {
    agent any
    environment { IMAGE = 'team/shop' }
    /* stage('No') { steps { sh 'rm' } } */
    stages {
        stage('Test')
        {
            steps {
                sh '''
                    npm ci
                    npm test
                '''
                junit "**/*.xml" // stage('No')
            }
        }
        stage('Ship') {
            when { branch 'main' }
            stages {
                stage('Push') {
                    steps {
                        script {
                            def app = docker.build("\${IMAGE}:\${env.TAG}")
                            docker.withRegistry('https://r.example', 'id') {
                                app.push()
                                app.push('latest')
                            }
                            def out = sh(script: "kubectl get \\\\$pods", returnStdout: true)
                        }
                    }
                }
            }
        }
    }
    post { always { deleteDir() } }
}
`;

test("jenkins: stages by their braces, steps, shell texts and images", () => {
  const document = pipeline("Jenkinsfile", JENKINS);
  assert.deepEqual(document.stages, ["Test", "Ship", "Push"]);
  const [testing, , push] = document.jobs;
  assert.equal(testing?.commands[0]?.line, 11);
  assert.match(testing?.commands[0]?.text ?? "", /npm ci\n\s+npm test/);
  assert.deepEqual(
    testing?.uses.map(({ name, line, scripted }) => [name, line, scripted]),
    [["junit", 15, false]],
  );
  assert.match(push?.condition?.text ?? "", /branch main/);
  assert.equal(push?.variables.get("IMAGE"), "team/shop");
  const images = push?.uses.filter(({ name }) => name.startsWith("docker.push"));
  assert.deepEqual(
    images?.map(({ given }) => given),
    ["${IMAGE}:${env.TAG}", "${IMAGE}:latest"],
  );
});

test("jenkins: a scripted pipeline and a Groovy file without one are no pipelines", () => {
  assert.equal(
    readDelivery({ path: "Jenkinsfile", text: "node { stage('a') { sh 'x' } }" }),
    undefined,
  );
  assert.equal(readDelivery({ path: "vars/a.groovy", text: "def call() { sh 'x' }" }), undefined);
});

function shipper(path: string, text: string): LogShipperDocument {
  const document = readDelivery({ path, text });
  assert.ok(document?.kind === "log-shipper");
  return document;
}

test("log shippers: what they read, and whether that is what containers write", () => {
  const filebeat = shipper(
    "filebeat.yml",
    "filebeat.inputs:\n- type: log\n  paths:\n    - /var/log/shop/*.log\n",
  );
  assert.deepEqual(filebeat.paths, [{ line: 4, path: "/var/log/shop/*.log" }]);
  assert.equal(filebeat.readsContainers, false);
  const containers =
    "filebeat.inputs:\n- type: container\n  paths: [/var/lib/docker/containers/*/*]\n";
  assert.equal(shipper("filebeat.yml", containers).readsContainers, true);
  const promtail =
    "clients: [{url: http://loki:3100}]\nscrape_configs:\n- static_configs:\n" +
    "  - labels: {__path__: /var/log/*.log}\n";
  assert.equal(shipper("promtail.yml", promtail).product, "promtail");
  const logstash = 'input {\n file { path => "/srv/a.log" }\n}\noutput { stdout {} }\n';
  assert.equal(shipper("logstash.conf", logstash).product, "logstash");
});

test("prose: figures with their units and features, and nothing from code blocks", () => {
  const text = [
    "| RPO | 15 minutes |",
    "| RTO 4 小时, RPO 1h |",
    "- 高可用性: 99.95% 可用, 自动故障转移",
    "Blue-green releases; data is encrypted at rest.",
    "RPO: soon",
    "```",
    "RPO: 9 hours",
    "```",
  ].join("\n");
  const said = factsIn("operations.md", text).flatMap((fact) =>
    fact.kind === "pledge" ? [[fact.at.line, fact.what, fact.figure ?? fact.feature]] : [],
  );
  assert.deepEqual(said, [
    [1, "rpo", 900_000],
    [2, "rpo", 3_600_000],
    [2, "rto", 14_400_000],
    [3, "availability", 0.9995],
    [3, "feature", "automatic-failover"],
    [4, "feature", "encryption-at-rest"],
    [4, "feature", "blue-green"],
  ]);
});

test("steps of a job know the job; images are pushed and built", () => {
  const facts = factsIn(".gitlab-ci.yml", GITLAB);
  const push = facts.find((fact) => fact.kind === "built-image");
  assert.deepEqual([push?.act, push?.image], ["push", "$IMAGE:$CI_COMMIT_SHA"]);
  const status = facts.find((fact) => fact.kind === "step" && fact.words.includes("status"));
  assert.ok(status?.kind === "step");
  assert.deepEqual([status.within, status.at.line], ["rollout", 24]);
});

/** Reads within this time whatever the text; a reader that is not linear takes minutes. */
const HOSTILE_MS_MAX = 5_000;

test("hostile text: truncated, huge and deeply nested files are read or left, and soon", () => {
  const deep = "a: {".repeat(2_000);
  const hostile: readonly (readonly [string, string])[] = [
    ["Jenkinsfile", `pipeline {${"{".repeat(200_000)}stage('a'`],
    ["Jenkinsfile", `pipeline { stages { stage('a') { steps { sh "${"\\".repeat(200_000)}`],
    ["Jenkinsfile", `pipeline { stage('''${"x('".repeat(80_000)}`],
    ["Jenkinsfile", `pipeline {\n${"stage('a') { steps { sh 'ls' } }\n".repeat(8_000)}}`],
    [
      "Jenkinsfile",
      `pipeline { stages { stage('a') { steps { docker.push("${":a".repeat(90_000)}")`,
    ],
    [".gitlab-ci.yml", `stages: [a]\nb:\n  script: ${"[".repeat(300)}x${"]".repeat(300)}\n`],
    [".gitlab-ci.yml", `stages: [a]\nb:\n  script:\n    - "${"$( ".repeat(50_000)}"\n`],
    [".gitlab-ci.yml", deep],
    [".github/workflows/a.yml", `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${deep}`],
    ["filebeat.yml", `filebeat.inputs: ${"- ".repeat(100_000)}`],
    ["logstash.conf", `input {\n${"path => '".repeat(50_000)}\noutput {\n`],
    ["a.md", `RPO ${"9".repeat(1_000_000)}`],
    ["a.md", `${"RPO 1 ".repeat(60)}\n`.repeat(5_000)],
    ["Jenkinsfile", "pipeline {\u0000\u0001stage('\uD800"],
    [".gitlab-ci.yml", ""],
  ];
  for (const [path, text] of hostile) {
    const begun = performance.now();
    const document = readDelivery({ path, text });
    if (document !== undefined) deliveryFacts(documentsOf([document], TREE));
    const ms = performance.now() - begun;
    assert.ok(ms < HOSTILE_MS_MAX, `${path} ${text.slice(0, 30)}: ${ms} ms`);
  }
});
