namespace XTrace.Tests;

/// <summary>One table for all tests of a class, which run one after the other: each begins it anew.</summary>
public sealed class TableFixture : IDisposable
{
    private readonly TestTable _table = new(maxFlow: 4096);

    internal TestTable Begin()
    {
        _table.Restart();
        return _table;
    }

    public void Dispose() => _table.Dispose();
}
