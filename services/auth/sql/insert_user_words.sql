INSERT INTO user_words (word, user_id) VALUES /*rows*/ ON CONFLICT DO NOTHING
