/*
 * Preloaded, it lets the test programs begin their packet sequence numbers just before they wrap: perftest and the examples of
 * libibverbs take them from lrand48().
 */
long lrand48(void)
{
	return 0xfffff0;
}
