/**
 * Of configurations, control and status. It grows with every change of these or of what a gateway
 * does: whoever keeps one then replaces an older one. 1: version 0.1.0. From 2 on that is done by
 * `replace-holder`: killed, a holder of these is followed by one of its own kind.
 */
export const GATEWAY_VERSION = 2;
