/**
 * Sessions of browsers: tokens that end with the token by which they were opened, their parent. The
 * end is a trigger's, so that no way of ending a token can forget them.
 */
export const sessions = `
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'token';
ALTER TABLE tokens ADD COLUMN parent_row INTEGER;
CREATE INDEX tokens_by_parent ON tokens (parent_row) WHERE parent_row IS NOT NULL;
CREATE TRIGGER sessions_end_with_token AFTER DELETE ON tokens BEGIN
  DELETE FROM tokens WHERE parent_row = OLD.token_row;
END;
`;
