namespace XTrace.Tests;

/// <summary>Tests that want both CPUs, or count what is in the kernel: no others beside them.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;
