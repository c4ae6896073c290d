global using Xunit;
global using SkbContext = XTrace.Fuzz.SkbContext;
