/* what SQLCipher names of it, as documented by Apple; a stand-in for the SDK's header */
#pragma once
typedef struct os_log_s *os_log_t;
extern struct os_log_s _os_log_default;
#define OS_LOG_DEFAULT (&_os_log_default)
void _stand_in_os_log(os_log_t log, const char *format, ...);
#define os_log(log, ...) _stand_in_os_log((log), __VA_ARGS__)
os_log_t os_log_create(const char *subsystem, const char *category);
