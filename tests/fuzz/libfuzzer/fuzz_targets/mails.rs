#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fieldline_fuzz::feed("mails", input));
