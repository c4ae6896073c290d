namespace XTrace.Testbed;

/// <summary>Tests of times on a machine that others use as well.</summary>
public static class Timing
{
    private const int Tries = 3;

    /// <summary>Runs a test again if it fails: a machine that is busy delays one run, but a fault fails every time.</summary>
    public static void Judge(Action test)
    {
        for (int left = Tries - 1; left > 0; left--)
        {
            try
            {
                test();
                return;
            }
            catch (Exception error)
            {
                Console.WriteLine($"The times were off, so the test is run again: {error.Message}");
            }
        }
        test();
    }
}
