-- Articles are looked for by what somebody describes in their own words, of which each article has some and none has all. They
-- have an index of their own, so that such a question does not walk over every task that has one of its words, and so that how
-- rare a word is means among articles.
CREATE VIRTUAL TABLE article USING fts5 (
    title, body, said,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
UPDATE search_entry SET due = 1 WHERE table_name = 'kb_knowledge';
