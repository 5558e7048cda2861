"""Deployment engines behind one interface: an embedded one that needs nothing but Python, and Pulumi itself."""

from emulator.engine.interface import ConfigValue, Engine, EngineError, OutputValue, Result, StepEvent

__all__ = ["ConfigValue", "Engine", "EngineError", "OutputValue", "Result", "StepEvent"]
