namespace ForegSyte.CommandLine.Annotation;

/// <summary>The annotated video could not be made; the message says why and what to do.</summary>
internal sealed class AnnotationException(string message, Exception? cause = null) : Exception(message, cause);
