#include <linux/module.h>
MODULE_DESCRIPTION("STAND-IN for a module of NVIDIA's open driver");
MODULE_VERSION("580.95.05");
MODULE_LICENSE("Dual MIT/GPL");
