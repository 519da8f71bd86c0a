/**
 * Of configurations, control and status. It grows with every change of these or of what a gateway
 * does: whoever keeps one then replaces an older one. 1: version 0.1.0.
 */
export const GATEWAY_VERSION = 2;
