/** User endpoints: one process of a Globus Compute agent for each user and configuration. */
export const userEndpoints = `
CREATE TABLE user_endpoints (
  user_endpoint_id TEXT PRIMARY KEY,
  endpoint_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  config TEXT NOT NULL,
  runtime TEXT NOT NULL,
  created_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX user_endpoints_by_endpoint ON user_endpoints (endpoint_id);
`;
