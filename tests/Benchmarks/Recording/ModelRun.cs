namespace ForegSyte.Benchmarks.Recording;

/// <summary>One run of a model, as ONNX Runtime itself recorded it.</summary>
/// <param name="Input">The model and the shape.</param>
/// <param name="Seconds">How long it took.</param>
internal readonly record struct ModelRun(ModelInput Input, double Seconds);
