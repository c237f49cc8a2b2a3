/* what SQLCipher names of it, as documented by Apple; a stand-in for the SDK's header */
#pragma once
#include <stddef.h>
#include <stdint.h>
typedef const struct __SecRandom *SecRandomRef;
extern const SecRandomRef kSecRandomDefault;
int SecRandomCopyBytes(SecRandomRef rnd, size_t count, void *bytes);
