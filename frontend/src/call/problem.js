// What can go wrong, by kind: a key of `strings.problems`, or `unavailable` until it is known why. Errors of the browser, of the server and of livekit-client
// become one of these where they are caught.
import { ConnectionError, ConnectionErrorReason, MediaDeviceFailure } from "livekit-client";

export class Problem extends Error {
  constructor(kind, cause) {
    super(kind, { cause });
    this.kind = kind;
  }
}

/** What the server's own words for a refusal mean to a caller. */
const CODES = { busy: "full", late: "nobody", stopping: "stopping", "too-often": "often", "no-link": "expired" };

/**
 * @param {number} status of an HTTP answer that is a refusal
 * @param {string} [code] the server's word for it
 */
export function problemOfRefusal(status, code) {
  if (CODES[code]) return new Problem(CODES[code]);
  if (status === 429) return new Problem("often");
  if (status === 503) return new Problem("unavailable");
  if (status === 401 || status === 403) return new Problem("refused");
  return new Problem(status >= 502 ? "away" : "failed");
}

/** What it means that `getUserMedia` failed. */
export function problemOfDevice(error) {
  const kinds = {
    [MediaDeviceFailure.PermissionDenied]: "denied",
    [MediaDeviceFailure.NotFound]: "missing",
    [MediaDeviceFailure.DeviceInUse]: "occupied",
  };
  // A device that was chosen and is no longer there.
  const failure = error.name === "OverconstrainedError" ? MediaDeviceFailure.NotFound : MediaDeviceFailure.getFailure(error);
  return new Problem(kinds[failure] ?? "occupied", error);
}

/** What it means that a room could not be joined. */
export function problemOfConnection(error) {
  if (error instanceof Problem) return error;
  if (!(error instanceof ConnectionError)) return new Problem("failed", error);
  const status = error.status ?? error.context?.status;
  switch (error.reason) {
    case ConnectionErrorReason.NotAllowed:
    case ConnectionErrorReason.ServiceNotFound:
      return status ? problemOfRefusal(status) : new Problem("refused", error);
    case ConnectionErrorReason.InternalError:
      // Signalling worked; the media did not come through. With a status, it is the server's answer.
      return status ? problemOfRefusal(status) : new Problem("blocked", error);
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.WebSocket:
    case ConnectionErrorReason.Timeout:
      return new Problem("away", error);
    default:
      return new Problem("failed", error);
  }
}
