import haproxy from "./haproxy.json" with { type: "json" };
import mysql from "./mysql.json" with { type: "json" };
import springBoot from "./spring-boot.json" with { type: "json" };

/** Every file of removed options, in the order of their names. */
export const OPTION_FILES = [haproxy, mysql, springBoot] as const;
