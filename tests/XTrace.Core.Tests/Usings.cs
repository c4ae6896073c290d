global using Xunit;
global using SkbContext = XTrace.Fuzz.SkbContext;
global using TestRun = XTrace.Fuzz.TestRun;
