namespace ForegSyte.Inference.Models;

/// <summary>A GPU is required and there is none that works. It stops the start of the service.</summary>
/// <param name="message">What is missing and what to do.</param>
internal sealed class DeviceUnavailableException(string message) : Exception(message);
