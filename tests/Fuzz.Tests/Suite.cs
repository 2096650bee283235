using ForegSyte.Fuzz.Tests.Running;

// One table for all targets, printed at the end; one target at a time, so that each has its share of the time.
[assembly: AssemblyFixture(typeof(Tally))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
