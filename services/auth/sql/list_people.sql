-- $1: names after this one; $3 to $8: three ranges of words, each of which has to be met when $2 is
-- true; $9, $10: only people who share a group with this one.
SELECT u.user_id, u.username, u.display_name, u.state, u.site_id, u.hierarchy_level, u.about, u.locale, u.time_zone, u.email, u.is_break_glass, u.failure_count, u.locked_until_at_us, u.last_login_at_us, u.created_at_us
FROM users u
WHERE u.username_folded > $1 AND u.state = 'active'
  AND ($2 = FALSE OR (
      u.user_id IN (SELECT w.user_id FROM user_words w WHERE w.word >= $3 AND w.word < $4)
      AND u.user_id IN (SELECT w.user_id FROM user_words w WHERE w.word >= $5 AND w.word < $6)
      AND u.user_id IN (SELECT w.user_id FROM user_words w WHERE w.word >= $7 AND w.word < $8)))
  AND ($9 = FALSE OR u.user_id IN (
      SELECT other.user_id FROM group_members own
      JOIN group_members other ON other.group_id = own.group_id
      WHERE own.user_id = $10 AND own.role <> 'requested' AND other.role <> 'requested'))
ORDER BY u.username_folded LIMIT $11
