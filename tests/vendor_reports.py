"""Synthetic reports in the vendor's formats, written for the tests: no tool has produced them.

The layout is that of Vitis HLS and Vivado 2023.2; every number is invented and distinct.
"""

# ruff: noqa: E501 - the vendor's tables are wide

from __future__ import annotations

CSYNTH_XML = """<?xml version="1.0" encoding="UTF-8"?>
<profile>
<ReportVersion><Version>2023.2</Version></ReportVersion>
<UserAssignments>
<unit>ns</unit><ProductFamily>virtexuplus</ProductFamily><Part>xcvu13p-flga2577-2-e</Part>
<TopModelName>{top}</TopModelName><TargetClockPeriod>5.00</TargetClockPeriod>
<ClockUncertainty>1.35</ClockUncertainty><FlowTarget>vivado</FlowTarget>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>yes</PipelineType>
<SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>3.641</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<unit>clock cycles</unit>
<Best-caseLatency>11</Best-caseLatency><Average-caseLatency>12</Average-caseLatency>
<Worst-caseLatency>17</Worst-caseLatency>
<Interval-min>2</Interval-min><Interval-max>3</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources><BRAM_18K>4</BRAM_18K><{dsp}>61</{dsp}><FF>7001</FF><LUT>21002</LUT><URAM>0</URAM></Resources>
<AvailableResources><BRAM_18K>5376</BRAM_18K><DSP>12288</DSP><FF>3456000</FF><LUT>1728000</LUT>
</AvailableResources>
</AreaEstimates>
</profile>
"""

CSYNTH_RPT = """

================================================================
== Vitis HLS Report for 'tagger'
================================================================
* Date:           Mon Jan  1 00:00:00 2024

* Version:        2023.2 (Build 1 on Jan  1 2024)
* Project:        tagger_prj
* Solution:       solution1 (Vivado IP Flow Target)
* Product family: virtexuplus
* Target device:  xcvu13p-flga2577-2-e


================================================================
== Performance Estimates
================================================================
+ Timing:
    * Summary:
    +--------+---------+----------+------------+
    |  Clock |  Target | Estimated| Uncertainty|
    +--------+---------+----------+------------+
    |ap_clk  |  5.00 ns|  3.641 ns|     1.35 ns|
    +--------+---------+----------+------------+

+ Latency:
    * Summary:
    +---------+---------+-----------+-----------+-----+-----+---------+
    |  Latency (cycles) |   Latency (absolute)  |  Interval | Pipeline|
    |   min   |   max   |    min    |    max    | min | max |   Type  |
    +---------+---------+-----------+-----------+-----+-----+---------+
    |       11|       17|  55.000 ns|  85.000 ns|    2|    3|      yes|
    +---------+---------+-----------+-----------+-----+-----+---------+

================================================================
== Utilization Estimates
================================================================
* Summary:
+---------------------+---------+-------+---------+---------+------+
|         Name        | BRAM_18K|  DSP  |    FF   |   LUT   | URAM |
+---------------------+---------+-------+---------+---------+------+
|DSP                  |        -|     61|        -|        -|     -|
|Expression           |        -|      -|        0|    12000|     -|
|Register             |        -|      -|     7001|     9002|     -|
+---------------------+---------+-------+---------+---------+------+
|Total                |        4|     61|     7001|    21002|     0|
+---------------------+---------+-------+---------+---------+------+
|Available            |     5376|  12288|  3456000|  1728000|  1280|
+---------------------+---------+-------+---------+---------+------+
"""

CSYNTH_SUMMARY = """

================================================================
== Synthesis Summary Report of 'tagger'
================================================================
+ General Information:
    * Date:           Mon Jan  1 00:00:00 2024
    * Version:        2023.2 (Build 1 on Jan  1 2024)
    * Project:        tagger_prj
    * Target device:  xcvu13p-flga2577-2-e

+ Performance & Resource Estimates:

    PS: '+' for module; 'o' for loop; '*' for dataflow
    +------------+--------+-------+---------+--------+----------+---------+------+----------+------+---------+-----------+-------------+-----+
    |   Modules  |  Issue |       | Latency | Latency| Iteration|         | Trip |          |      |         |           |             |     |
    |   & Loops  |  Type  | Slack | (cycles)|  (ns)  |  Latency | Interval| Count| Pipelined| BRAM |   DSP   |     FF    |     LUT     | URAM|
    +------------+--------+-------+---------+--------+----------+---------+------+----------+------+---------+-----------+-------------+-----+
    |+ tagger    |       -|   0.01|       17|  85.000|         -|        3|     -|       yes|     -|  61 (2%)|  7001 (~0%)|  21002 (1%)|    -|
    | + pair_relu|       -|   0.02|        5|  25.000|         -|        3|     -|       yes|     -|        -|   900 (~0%)|   3000 (1%)|    -|
    +------------+--------+-------+---------+--------+----------+---------+------+----------+------+---------+-----------+-------------+-----+
"""

COSIM_RPT = """
Report time       : Mon Jan  1 00:00:00 2024.
Solution          : solution1.
Simulation tool   : xsim.

+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
|          |          |             Latency(Clock Cycles)             |              Interval(Clock Cycles)           | Total Execution Time |
+   RTL    +  Status  +-----------------------------------------------+-----------------------------------------------+    (Clock Cycles)    +
|          |          |      min      |      avg      |      max      |      min      |      avg      |      max      |                      |
+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
|      VHDL|        NA|             NA|             NA|             NA|             NA|             NA|             NA|                    NA|
|   Verilog|      {status}|             18|             18|             19|              2|              2|              4|                   212|
+----------+----------+-----------------------------------------------+-----------------------------------------------+----------------------+
"""

UTILISATION = """Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
---------------------------------------------------------------------------------
| Tool Version : Vivado v.2023.2 (lin64) Build 1 Fri Oct 13 20:13:54 MDT 2023
| Command      : report_utilization -file vivado_synth.rpt
| Design       : tagger
| Device       : xcvu13p-flga2577-2-e
| Speed File   : -2
| Design State : {state}
---------------------------------------------------------------------------------

Utilization Design Information

Table of Contents
-----------------
1. CLB Logic
2. BLOCKRAM
3. ARITHMETIC

1. CLB Logic
------------

+----------------------------+-------+-------+------------+-----------+-------+
|          Site Type         |  Used | Fixed | Prohibited | Available | Util% |
+----------------------------+-------+-------+------------+-----------+-------+
| CLB LUTs*                  |  {lut} |     0 |          0 |   1728000 |  0.50 |
|   LUT as Logic             |  8000 |     0 |          0 |   1728000 |  0.48 |
| CLB Registers              |  3210 |     0 |          0 |   3456000 |  0.09 |
| CARRY8                     |   700 |     0 |          0 |    216000 |  0.30 |
+----------------------------+-------+-------+------------+-----------+-------+

2. BLOCKRAM
-----------

+----------------+------+-------+------------+-----------+-------+
|    Site Type   | Used | Fixed | Prohibited | Available | Util% |
+----------------+------+-------+------------+-----------+-------+
| Block RAM Tile |  1.5 |     0 |          0 |      2688 |  0.06 |
|   RAMB36/FIFO* |    1 |     0 |          0 |      2688 |  0.04 |
|   RAMB18       |    1 |     0 |          0 |      5376 |  0.02 |
+----------------+------+-------+------------+-----------+-------+

3. ARITHMETIC
-------------

+----------------+------+-------+------------+-----------+-------+
|    Site Type   | Used | Fixed | Prohibited | Available | Util% |
+----------------+------+-------+------------+-----------+-------+
| DSPs           |   57 |     0 |          0 |     12288 |  0.46 |
+----------------+------+-------+------------+-----------+-------+
"""

TIMING = """Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
---------------------------------------------------------------------------------
| Tool Version      : Vivado v.2023.2 (lin64) Build 1 Fri Oct 13 20:13:54 MDT 2023
| Command           : report_timing_summary -file timing_summary.rpt
| Design            : tagger
| Device            : xcvu13p-flga2577
---------------------------------------------------------------------------------

Timing Summary Report

------------------------------------------------------------------------------------------------
| Design Timing Summary
| ---------------------
------------------------------------------------------------------------------------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)
    -------      -------  ---------------------  -------------------      -------      -------
      {wns}       -1.250                      9                 8123        0.021        0.000


------------------------------------------------------------------------------------------------
| Clock Summary
| -------------
------------------------------------------------------------------------------------------------

Clock   Waveform(ns)         Period(ns)      Frequency(MHz)
-----   ------------         ----------      --------------
ap_clk  {{0.000 2.500}}        5.000           200.000
"""
