/*
 * Preloaded, it lets the test programs begin their packet sequence numbers 49,152 before they wrap, which an emulated processor
 * sends in some seconds: perftest and the examples of libibverbs take them from lrand48().
 */
long lrand48(void)
{
	return 0xff4000;
}
