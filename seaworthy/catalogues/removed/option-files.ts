import elasticsearch from "./elasticsearch.json" with { type: "json" };
import flask from "./flask.json" with { type: "json" };
import flaskLimiter from "./flask-limiter.json" with { type: "json" };
import flaskSqlalchemy from "./flask-sqlalchemy.json" with { type: "json" };
import haproxy from "./haproxy.json" with { type: "json" };
import mysql from "./mysql.json" with { type: "json" };
import nginx from "./nginx.json" with { type: "json" };
import postgres from "./postgres.json" with { type: "json" };
import prometheus from "./prometheus.json" with { type: "json" };
import springBoot from "./spring-boot.json" with { type: "json" };

/** Every file of removed options, in the order of their names. */
export const OPTION_FILES = [
  elasticsearch,
  flask,
  flaskLimiter,
  flaskSqlalchemy,
  haproxy,
  mysql,
  nginx,
  postgres,
  prometheus,
  springBoot,
] as const;
