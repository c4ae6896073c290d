namespace XTrace.Cli.Tests;

/// <summary>Tests that keep the machine busy: no others beside them, which look at the clock.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;
