//Numpy array shape [2]
//Min -92.000000000000
//Max -3.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_SCORE_H_
#define CONTEXT_WEIGHT_SCORE_H_

context_weight_score_t context_weight_score[2] = {-92, -3};


#endif
