// The host's NOC page: renews what the server has rendered, at once when the server says that something has
// changed, and every few seconds anyway.
import { keep_state_fresh } from "./state.js";

keep_state_fresh({ events: "/api/live" });
