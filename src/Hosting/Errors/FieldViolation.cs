namespace ForegSyte.Hosting.Errors;

/// <summary>One field of a request that is wrong.</summary>
/// <param name="Field">Path of the field in the request, in the proto's names, for example
/// "options.frame_stride".</param>
/// <param name="Description">What is wrong and what is allowed, a full sentence.</param>
public sealed record FieldViolation(string Field, string Description);
