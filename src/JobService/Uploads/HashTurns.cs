namespace ForegSyte.Jobs.Uploads;

/// <summary>Lets half of the processors hash uploads, so that the other half receives them.</summary>
internal sealed class HashTurns() : SemaphoreSlim(Math.Max(1, Environment.ProcessorCount / 2));
