using ForegSyte.Faults.Tests;

// One InferenceService for all; one fault at a time.
[assembly: AssemblyFixture(typeof(Undisturbed))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
