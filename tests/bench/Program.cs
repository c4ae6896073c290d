using XTrace.Bench;
foreach (var r in KernelCost.Measure(3, 300000)) Console.WriteLine(r);
