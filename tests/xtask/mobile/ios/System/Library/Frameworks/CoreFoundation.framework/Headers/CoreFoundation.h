/* what SQLCipher names of it, as documented by Apple; a stand-in for the SDK's header */
#pragma once
#include <stdint.h>
typedef const void *CFTypeRef;
typedef const struct __CFString *CFStringRef;
typedef struct __CFBundle *CFBundleRef;
typedef uint32_t CFStringEncoding;
enum { kCFStringEncodingUTF8 = 0x08000100 };
extern const CFStringRef kCFBundleVersionKey;
CFStringRef __CFStringMakeConstantString(const char *text);
#define CFSTR(text) __CFStringMakeConstantString(text)
CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef identifier);
CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef bundle, CFStringRef key);
const char *CFStringGetCStringPtr(CFStringRef string, CFStringEncoding encoding);
