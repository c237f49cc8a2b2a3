//! Who may see and do what, judged by somebody else: every declaration of the dictionary is translated into a Cedar policy, scopes
//! are worked out naively from the dictionary and the rows, and generated cases compare that with what the server does over HTTP
//! and with its predicate in memory. Nothing here is shared with the server's own access rules. See `tests/cases`.
